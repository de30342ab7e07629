"""Your own catalogue: from two CSV files to a leaderboard, neighbours and a report (chapter 72).

``python -m helpers interactions.csv --items items.csv`` is the whole of it; here stand its parts:
`files` (text to columns), `read` (columns to purchases), `judge` (methods and their scores),
`report` (what is written).
"""
