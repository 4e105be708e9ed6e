-- Referrers and queries that come again and again as dictionaries, as URLs already are; the referrers, which are long, better
-- compressed. Parts that are there are rewritten in the background, and read as they are until then.

ALTER TABLE events
    MODIFY COLUMN query LowCardinality(String) CODEC(ZSTD(1)),
    MODIFY COLUMN referrer LowCardinality(String) CODEC(ZSTD(3))
    SETTINGS alter_sync = 0;

CREATE OR REPLACE VIEW events_once AS SELECT * FROM events WHERE is_double = 0;
