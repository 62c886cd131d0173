DROP TABLE control.applied_counts;
