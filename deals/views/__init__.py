"""Pages of deals: the board, the list, one deal, and the search over everything."""
