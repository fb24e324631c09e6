"""What is compiled from C and Python: the C library, and the server's copy."""
