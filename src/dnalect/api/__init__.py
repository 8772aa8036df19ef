"""What `import dnalect` offers: one function for each command, taking names or objects, files or what is in memory."""
