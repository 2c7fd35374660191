-- Full text of a transaction is gathered up to so many bytes before it becomes a segment: a load of many notes then leaves
-- fewer of them to merge.
INSERT INTO search_index (search_index, rank) VALUES ('hashsize', 4194304);
