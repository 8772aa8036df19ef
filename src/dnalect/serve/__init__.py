"""The server: the page on any model, and jobs on one's own files. Its libraries are the extra `serve`."""
