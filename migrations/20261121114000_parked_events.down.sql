DROP TABLE control.attempts;
DROP TABLE control.parked;
