"""One record, four readings: JSON, Markdown, HTML and the terminal; pure but for printing."""
