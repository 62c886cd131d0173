-- Builds whose sums are appended while nobody reads them, and added up when the indexes are made. Those there are were made without.
ALTER TABLE control.builds ADD appends boolean NOT NULL DEFAULT false;
