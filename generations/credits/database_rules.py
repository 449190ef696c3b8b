"""Triggers: the rules of the ledger that PostgreSQL enforces itself."""

import pgtrigger

HOLD_SETTLES_ONCE = pgtrigger.Trigger(
    name="hold_settles_once",
    when=pgtrigger.Before,
    operation=pgtrigger.Update,
    func="""
        IF OLD.state <> 'pending' THEN
            RAISE EXCEPTION 'hold % is already %', OLD.id, OLD.state USING ERRCODE = 'check_violation';
        END IF;
        IF (NEW.wallet_id, NEW.user_id, NEW.api_key_id, NEW.reference, NEW.amount, NEW.created_at)
            IS DISTINCT FROM
            (OLD.wallet_id, OLD.user_id, OLD.api_key_id, OLD.reference, OLD.amount, OLD.created_at) THEN
            RAISE EXCEPTION 'hold % may only be settled', OLD.id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

# The balances after an entry are the balances of the previous entry plus its own change.
ENTRY_SUMS = pgtrigger.Trigger(
    name="entry_continues",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    declare=[("before", "RECORD")],
    func="""
        SELECT posted_after, held_after INTO before
        FROM generations_ledgerentry WHERE wallet_id = NEW.wallet_id ORDER BY id DESC LIMIT 1;
        IF NEW.posted_after <> COALESCE(before.posted_after, 0) + NEW.posted_change
            OR NEW.held_after <> COALESCE(before.held_after, 0) + NEW.held_change THEN
            RAISE EXCEPTION 'entry does not continue wallet %', NEW.wallet_id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,
)

# Deferred: a transaction may write wallet and entry in either order; at commit they must agree.
WALLET_FOLLOWS_ENTRIES = pgtrigger.Trigger(
    name="wallet_follows_entries",
    when=pgtrigger.After,
    operation=pgtrigger.Insert | pgtrigger.UpdateOf("posted", "held"),  # type: ignore[no-untyped-call]
    timing=pgtrigger.Deferred,
    declare=[("wallet", "RECORD"), ("entry", "RECORD")],
    func="""
        SELECT posted, held INTO wallet FROM generations_wallet WHERE id = NEW.id;
        SELECT posted_after, held_after INTO entry
        FROM generations_ledgerentry WHERE wallet_id = NEW.id ORDER BY id DESC LIMIT 1;
        IF wallet.posted <> COALESCE(entry.posted_after, 0) OR wallet.held <> COALESCE(entry.held_after, 0) THEN
            RAISE EXCEPTION 'wallet % does not follow its entries', NEW.id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    """,
)

# An income creates a lot. An expense takes from the lots, first to expire first, or from the lot that expired.
ENTRY_MOVES_LOTS = pgtrigger.Trigger(
    name="entry_moves_lots",
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    condition=pgtrigger.Condition("NEW.posted_change <> 0"),
    declare=[("due", "BIGINT"), ("taken", "BIGINT"), ("lot", "RECORD")],
    func="""
        IF NEW.posted_change > 0 THEN
            INSERT INTO generations_lot (wallet_id, entry_id, amount, remaining, expires_at)
            VALUES (NEW.wallet_id, NEW.id, NEW.posted_change, NEW.posted_change, NEW.expires_at);
            RETURN NULL;
        END IF;
        due := -NEW.posted_change;
        FOR lot IN
            SELECT id, remaining FROM generations_lot
            WHERE wallet_id = NEW.wallet_id AND remaining > 0 AND (NEW.lot_id IS NULL OR id = NEW.lot_id)
            ORDER BY expires_at NULLS LAST, id FOR UPDATE
        LOOP
            taken := LEAST(due, lot.remaining);
            UPDATE generations_lot SET remaining = remaining - taken WHERE id = lot.id;
            due := due - taken;
            EXIT WHEN due = 0;
        END LOOP;
        IF due > 0 THEN
            RAISE EXCEPTION 'the lots of wallet % lack % credits', NEW.wallet_id, due
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    """,
)
