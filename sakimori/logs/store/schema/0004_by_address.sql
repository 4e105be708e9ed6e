-- How many events each address has on each day, by outcome and kind, and in which hours (bits; UTC): a table inside each
-- part, which the engine makes from the part's rows, keeps with it when it is moved, merged or dropped, and reads by
-- itself where a question asks for no more. So it cannot differ from the rows. A part that has none is read row by row.
-- Parts that are there get theirs in the background: the last statement does not wait for it, and may be repeated.

ALTER TABLE events ADD PROJECTION IF NOT EXISTS by_address
(
    SELECT contract_id, day, client_ip, is_double, outcome, attack_kind,
        count(), groupBitOr(bitShiftLeft(toUInt32(1), toHour(time)))
    GROUP BY contract_id, day, client_ip, is_double, outcome, attack_kind
);

ALTER TABLE events MATERIALIZE PROJECTION by_address SETTINGS mutations_sync = 0;
