"""Models, tasks and seeds from one file -> a table with intervals, plots and a page."""
