"""From arrays to numbers: scores, calibration, intervals, leaks and plots; knows no files and no rows."""
