"""Functions that PostgreSQL runs for us, where a decision needs a lock first and a look at what is there afterwards.

Inside of a function each statement sees what had been committed when it began, so that what is summed up once the
wallet's row is locked is exact. A function changes only with a migration, which carries a copy of its own.
"""

# What counts against a cap: of a member in a wallet, or of a key, if one is given. What was released counts for
# nothing, so that credits go back to the period that they were held in.
QUOTA_USE = """
CREATE OR REPLACE FUNCTION generations_quota_use(
    _wallet bigint, _user bigint, _key uuid, _since timestamptz, OUT held bigint, OUT charged bigint
) LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF _key IS NULL THEN
        SELECT COALESCE(SUM(h.amount) FILTER (WHERE h.state = 'pending'), 0), COALESCE(SUM(h.captured), 0)
        INTO held, charged FROM generations_hold h
        WHERE h.wallet_id = _wallet AND h.user_id = _user AND h.created_at >= COALESCE(_since, '-infinity');
    ELSE
        SELECT COALESCE(SUM(h.amount) FILTER (WHERE h.state = 'pending'), 0), COALESCE(SUM(h.captured), 0)
        INTO held, charged FROM generations_hold h
        WHERE h.api_key_id = _key AND h.created_at >= COALESCE(_since, '-infinity');
    END IF;
END
$$
"""

# How many jobs are under way: each has a pending hold.
JOBS_AT_ONCE = """
CREATE OR REPLACE FUNCTION generations_jobs_at_once(_wallet bigint, _user bigint, _key uuid) RETURNS bigint
LANGUAGE plpgsql STABLE AS $$
BEGIN
    IF _key IS NULL THEN
        RETURN (SELECT COUNT(*) FROM generations_hold
            WHERE wallet_id = _wallet AND state = 'pending' AND user_id = _user);
    END IF;
    RETURN (SELECT COUNT(*) FROM generations_hold
        WHERE wallet_id = _wallet AND state = 'pending' AND api_key_id = _key);
END
$$
"""

# Reserve credits of the wallet within bounds, a JSON array of {"of": "member" or "key", "cap", "since"} and of
# {"of": ..., "most"}, asked in this order; NULL without any. Either `hold` is set, or nothing has changed and `refused`
# names what stopped it: with what it has `available` and `held`, or with how many jobs are `running`.
PLACE_HOLD = """
CREATE OR REPLACE FUNCTION generations_place_hold(
    _team bigint, _user bigint, _key uuid, _reference uuid, _amount bigint, _bounds jsonb,
    OUT hold bigint, OUT refused text, OUT available bigint, OUT held bigint, OUT running bigint
) LANGUAGE plpgsql AS $$
DECLARE
    wallet record;
    bound record;
    used record;
BEGIN
    IF _bounds IS NOT NULL THEN
        SELECT w.id, w.posted - w.held AS free INTO wallet
        FROM generations_wallet w WHERE w.team_id = _team FOR NO KEY UPDATE;
        FOR bound IN
            SELECT b."of", b.cap, b.since, b.most, CASE WHEN b."of" = 'key' THEN _key END AS key
            FROM jsonb_to_recordset(_bounds) AS b("of" text, cap bigint, since timestamptz, most bigint)
        LOOP
            EXIT WHEN wallet.free IS NULL OR wallet.free < _amount;
            refused := bound."of";
            IF bound.cap IS NOT NULL THEN
                SELECT u.held, u.charged INTO used
                FROM generations_quota_use(wallet.id, _user, bound.key, bound.since) u;
                held := used.held;
                available := GREATEST(0, bound.cap - used.held - used.charged);
                IF available < _amount THEN
                    RETURN;
                END IF;
            ELSE
                running := generations_jobs_at_once(wallet.id, _user, bound.key);
                IF running >= bound.most THEN
                    RETURN;
                END IF;
            END IF;
        END LOOP;
    END IF;
    refused := NULL;
    running := NULL;
    UPDATE generations_wallet w SET held = w.held + _amount
    WHERE w.team_id = _team AND w.posted - w.held >= _amount
    RETURNING w.id, w.posted, w.held INTO wallet;
    IF FOUND THEN
        INSERT INTO generations_hold (wallet_id, user_id, api_key_id, reference, amount, state)
        VALUES (wallet.id, _user, _key, _reference, _amount, 'pending') RETURNING id INTO hold;
        INSERT INTO generations_ledgerentry
            (wallet_id, kind, posted_change, held_change, posted_after, held_after, hold_id, actor_id, reason)
        VALUES (wallet.id, 'hold', 0, _amount, wallet.posted, wallet.held, hold, _user, '');
    ELSE
        refused := 'wallet';
        SELECT w.posted - w.held, w.held INTO available, held FROM generations_wallet w WHERE w.team_id = _team;
    END IF;
END
$$
"""

FUNCTIONS = {
    "generations_quota_use": QUOTA_USE,
    "generations_jobs_at_once": JOBS_AT_ONCE,
    "generations_place_hold": PLACE_HOLD,
}
