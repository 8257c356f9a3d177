"""The FAISS index: a copy of the store's published phrasings as vectors, which can be thrown away and made anew."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from knowledge_base import generations
from knowledge_base.encoder import Encoder, Vectors
from knowledge_base.errors import DimensionMismatch, IndexFilesError, KnowledgeBaseError
from knowledge_base.pairs import Phrasing
from knowledge_base.snapshot import Part, Rows, Snapshot, rows_of
from knowledge_base.store import PairStore
from knowledge_base.text import simplified

log = logging.getLogger(__name__)

Progress = Callable[[int, int], None]  # phrasings embedded, and to embed in all

FEW = 128  # phrasings that every process embeds for itself: about a second. More are embedded by one, and adopted.
_SLICE = 256  # phrasings between two looks at the store, so that what was saved meanwhile comes first
_BATCH = 32  # texts in one call of the encoder
_CONTEXT = 0.6  # share of the context's vector beside the phrasing's own; measured in docs/benchmarks.md
_DELTA_LIMIT = 4096  # vectors; a delta is copied at each change, so a larger one goes into the base
_LONGEST_PAUSE = 5.0  # seconds between two tries, when the store or the encoder fails


class KnowledgeIndex:
    """Follows a store; `snapshot` is what searches use.

    Opening it reads the current generation from `folder` (none, damaged or made by another encoder: starts empty, and
    logs it) and embeds nothing: call `refresh` for that once, or `watch` to have it done in the background.
    """

    def __init__(self, store: PairStore, encoder: Encoder, folder: Path | str) -> None:
        self.store = store
        self.encoder = encoder
        self.folder = Path(folder)
        self._one_writer = threading.Lock()  # in this process; searches never take it
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._refused = ""  # the generation that could not be loaded, so that this is logged once
        self._categories: dict[str, int] = {}
        empty = Part.empty(encoder.dim)
        self._snapshot = Snapshot(rows_of([], {}), {}, empty, empty, generation="", seq=-1)
        self._adopt()
        self._follow()

    @property
    def snapshot(self) -> Snapshot:
        """The present state; it stays as it is while one uses it."""
        return self._snapshot

    @property
    def version(self) -> str:
        """Generation and latest change, as '000003+1287'."""
        snapshot = self._snapshot
        return f"{snapshot.generation or '0'}+{max(snapshot.seq, 0)}"

    @property
    def lacking(self) -> int:
        """How many published phrasings have no vector yet; exact and lexical search find them nevertheless."""
        return len(self._snapshot.lacking())

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts as they are stored and searched for: float32, shape (len(texts), dim), L2-normalised.

        The encoder reads simplified characters, so that 退貨 and 退货 have one vector.
        Raises DimensionMismatch, KnowledgeBaseError if the encoder gives something else.
        """
        batches = [self._encode_batch(texts[at : at + _BATCH]) for at in range(0, len(texts), _BATCH)]
        return np.concatenate([np.empty((0, self.encoder.dim), np.float32), *batches])

    def refresh(self, progress: Progress | None = None, wait: bool = True) -> int:
        """Catch up with the store; returns how many phrasings were embedded.

        What is gone is dropped first. Only phrasings are embedded of which (id, text) has no vector. If there are many
        of them, one process embeds them and the others adopt its files; wait=False: without waiting for it.
        """
        with self._one_writer:
            self._follow()
            if len(self._snapshot.lacking()) <= FEW:
                return self._embed(progress)
            with generations.building(self.folder, wait) as is_ours:
                if not is_ours:
                    return 0
                self._adopt()
                embedded = self._embed(progress)
                if embedded > FEW:
                    self._write_generation()
                return embedded

    def fold(self) -> str:
        """Write all vectors as a new generation, make it current, and return its name."""
        with self._one_writer, generations.building(self.folder, wait=True):
            return self._write_generation()

    def watch(self, interval: float = 0.2) -> None:
        """Catch up with the store in the background every `interval` seconds, until `close`."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._watch, args=(interval,), name="knowledge-index", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the background thread, after the batch that it is embedding."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self, interval: float) -> None:
        failures = 0
        while not self._closing.wait(min(interval * 2**failures, max(interval, _LONGEST_PAUSE))):
            try:
                self.refresh(wait=False)
                self._fold_if_due()
                failures = 0
            except Exception as error:
                # Whatever it is, the next try may succeed: this thread must not die while customers are answered.
                failures = min(failures + 1, 10)
                log.warning("The index could not follow the store, trying again: %s", error, exc_info=failures == 1)

    def _fold_if_due(self) -> None:
        if len(self._snapshot.delta.ids) <= FEW:
            return
        with self._one_writer, generations.building(self.folder, wait=False) as is_ours:
            if is_ours:
                self._adopt()  # another process may have done it just now
                if len(self._snapshot.delta.ids) > FEW:
                    self._write_generation()

    def _follow(self) -> None:
        """Take over what changed in the store since the last look; embeds nothing."""
        snapshot = self._snapshot
        latest, changed = self.store.changes_since(snapshot.seq)
        if latest == snapshot.seq:
            return
        if snapshot.seq < 0 or latest < snapshot.seq:  # the first look, or an older copy of the store was put back
            rows = rows_of(self.store.phrasings(), self._categories)
        else:
            kept = snapshot.rows[~np.isin(snapshot.rows["pair"], list(changed))]
            rows = np.concatenate([kept, rows_of(self.store.phrasings(changed), self._categories)])
            rows = rows[np.argsort(rows["id"])]
        self._publish(rows=rows, categories=dict(self._categories), seq=latest)

    def _embed(self, progress: Progress | None) -> int:
        done = 0
        lacking = self._snapshot.lacking()
        while len(lacking) and not self._closing.is_set():
            embedded = self._embed_slice(lacking[-_SLICE:])  # the latest ids first: somebody waits for these
            self._follow()
            before, lacking = len(lacking), self._snapshot.lacking()
            if not embedded and len(lacking) == before:
                raise KnowledgeBaseError(
                    "The store lost phrasings without a word in its changes. Run: chatbot kb rebuild"
                )
            done += embedded
            if progress:
                progress(done, done + len(lacking))
        return done

    def _embed_slice(self, rows: Rows) -> int:
        wanted = set(rows["id"].tolist())
        phrasings = [phrasing for phrasing in self.store.phrasings(rows["pair"].tolist()) if phrasing.id in wanted]
        if not phrasings:  # withdrawn since; the next look at the store will drop them
            return 0
        vectors = self.in_context(phrasings)
        ids = np.array([phrasing.id for phrasing in phrasings], dtype=np.int64)
        hashes = np.array([phrasing.hash for phrasing in phrasings], dtype=np.int64)
        self._publish(delta=self._snapshot.delta_with(ids, hashes, vectors))
        return len(phrasings)

    def in_context(self, phrasings: Sequence[Phrasing]) -> Vectors:
        """A unit vector for each phrasing: its own, with a share of that of its pair's question and answer together.

        A customer often uses a word of the answer that no stored question has; docs/benchmarks.md has the gain.
        """
        texts = list(dict.fromkeys(text for phrasing in phrasings for text in (phrasing.text, phrasing.context)))
        encoded = self.encode(texts)
        place = {text: at for at, text in enumerate(texts)}
        own = encoded[[place[phrasing.text] for phrasing in phrasings]]
        mixed = own + _CONTEXT * encoded[[place[phrasing.context] for phrasing in phrasings]]
        vectors: Vectors = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
        return vectors

    def _encode_batch(self, texts: Sequence[str]) -> Vectors:
        vectors = np.asarray(self.encoder.encode([simplified(text) for text in texts]), dtype=np.float32)
        if vectors.shape != (len(texts), self.encoder.dim):
            raise DimensionMismatch(
                f"Encoder '{self.encoder.name}' gave shape {vectors.shape} for {len(texts)} texts;"
                f" ({len(texts)}, {self.encoder.dim}) is needed."
            )
        if not np.isfinite(vectors).all():
            raise KnowledgeBaseError(f"Encoder '{self.encoder.name}' gave vectors with values that are no numbers.")
        return vectors

    def _adopt(self) -> None:
        """Take the current generation as base, if it is not ours already; vectors that it lacks stay in the delta."""
        name = generations.current(self.folder)
        if not name or name in (self._snapshot.generation, self._refused):
            return
        try:
            base = generations.load(self.folder, name, self.encoder.name, self.encoder.dim)
        except IndexFilesError as error:
            self._refused = name
            log.warning("%s The index will be built anew.", error)
            return
        self._publish(base=base, delta=self._snapshot.part_beside(base), generation=name)

    def _write_generation(self) -> str:
        base = self._snapshot.merged()
        name = generations.write(self.folder, base, self.encoder.name, self._snapshot.seq)
        self._publish(base=base, delta=Part.empty(self.encoder.dim), generation=name)
        return name

    def _publish(self, **changes: object) -> None:
        """Put a new snapshot in the place of the present one: one assignment, which no search can see half done."""
        snapshot = replace(self._snapshot, _selections={}, **changes)  # type: ignore[arg-type]  # names are ours, above
        if len(snapshot.delta.ids) > _DELTA_LIMIT:
            snapshot = replace(snapshot, base=snapshot.merged(), delta=Part.empty(self.encoder.dim), _selections={})
        self._snapshot = snapshot
