ALTER TABLE control.builds DROP appends;
