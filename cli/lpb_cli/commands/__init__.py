"""The commands of `lpb`, one module each."""
