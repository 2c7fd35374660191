-- The blob that holds these contents in the history, once they were recorded. Whether the newest commit still has it is
-- looked up at each start: a crash may come between what was recorded and what is said of it here.
ALTER TABLE file_metadata ADD COLUMN recorded_blob BLOB;
