"""The Python client, and what its calls give back."""
