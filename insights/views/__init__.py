"""Pages of figures, one file per page."""
