"""The networks: the squeeze-and-excitation block, and what is built with it."""
