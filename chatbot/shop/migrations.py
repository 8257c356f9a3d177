"""The schema of orders.db, as a list of steps; each is applied once, and recorded in the database."""

from __future__ import annotations

from sqlite_utils import Database

from knowledge_base.migrations import Migration


def m001_orders(db: Database) -> None:
    """Products with their stock, orders with their items and refunds, what customers asked for, and wrong proofs."""
    db.executescript(
        """
        CREATE TABLE products (
            sku TEXT PRIMARY KEY,
            names TEXT NOT NULL,              -- JSON: by language, the first is what it is called
            kind TEXT NOT NULL CHECK (kind IN ('parcel', 'furniture')),
            price INTEGER NOT NULL,           -- Singapore dollars
            made_to_measure INTEGER NOT NULL,
            nights INTEGER NOT NULL,          -- days after delivery within which it can be returned
            online INTEGER NOT NULL CHECK (online >= 0),
            showroom INTEGER NOT NULL CHECK (showroom >= 0)
        ) STRICT;
        CREATE TABLE orders (
            number TEXT PRIMARY KEY,
            state TEXT NOT NULL
                CHECK (state IN ('packing', 'on_its_way', 'delivered', 'cancelled', 'returned', 'exchanged')),
            ordered TEXT NOT NULL,
            day TEXT NOT NULL,                -- when it is expected, or when it came into its state
            slot TEXT NOT NULL,               -- hours of the appointment, as 15-18; '' for a parcel
            sealed BLOB NOT NULL              -- e-mail, phone, address
        ) STRICT;
        CREATE TABLE items (
            number TEXT NOT NULL REFERENCES orders (number),
            sku TEXT NOT NULL REFERENCES products (sku),
            quantity INTEGER NOT NULL,
            PRIMARY KEY (number, sku)
        ) STRICT;
        CREATE TABLE refunds (
            number TEXT PRIMARY KEY REFERENCES orders (number),
            amount INTEGER NOT NULL,          -- Singapore dollars
            asked TEXT NOT NULL,
            arrived TEXT,                     -- when a return reached the warehouse
            paid TEXT
        ) STRICT;
        -- What was done for a customer: once a turn, however often the turn is tried.
        CREATE TABLE requests (
            conversation_id TEXT NOT NULL,
            turn INTEGER NOT NULL,
            kind TEXT NOT NULL,
            number TEXT NOT NULL,             -- '' for none
            at TEXT NOT NULL,
            answer TEXT NOT NULL,             -- JSON: the response and its values
            sealed BLOB NOT NULL              -- the proof and the customer's own words
        ) STRICT;
        CREATE INDEX requests_turn ON requests (conversation_id, turn);
        CREATE TABLE wrong_proofs (
            number TEXT NOT NULL,
            conversation_id TEXT NOT NULL,
            turn INTEGER NOT NULL,
            at TEXT NOT NULL,
            sealed BLOB NOT NULL              -- what was no proof
        ) STRICT;
        CREATE INDEX wrong_proofs_number ON wrong_proofs (number);
        """
    )


MIGRATIONS: list[Migration] = [m001_orders]
