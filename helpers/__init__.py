"""The small package behind the book *Alike*."""
