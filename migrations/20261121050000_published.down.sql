DROP TABLE control.published;
