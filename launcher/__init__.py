"""What stands behind ./run: environment, embedded servers, processes. Standard library only."""
