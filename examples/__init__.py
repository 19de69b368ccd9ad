"""What fieldgrad is for, as short scripts that each draw one picture: ``python -m examples``."""
