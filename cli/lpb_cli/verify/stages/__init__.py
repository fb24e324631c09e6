"""The stages of `lpb verify`: functions that take what they need, and give an outcome."""
