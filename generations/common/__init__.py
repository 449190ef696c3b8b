"""What every room stands on: errors, ids, the clock, cursors. Imports nothing of ours."""
