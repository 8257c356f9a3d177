"""Passwords: what one may be, and how it is kept (argon2id, RFC 9106)."""

from __future__ import annotations

import base64
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from chatbot.accounts.errors import InvalidAccount, Throttled
from chatbot.accounts.people import folded
from chatbot.places import Places

SHORTEST, LONGEST = 10, 200
FEWEST_CHARACTERS = 4
"""Different ones, so that 1111111111 and 1212121212 are refused."""
COMMONEST = """
0123456789 0987654321 1234567890 1234567891 12345678910 1234567890123 123456789123 9876543210 1233211234567 1234512345
1234554321 1122334455 112233445566 1357924680 1029384756 7894561230 1472583690 9638527410 3141592653 3141592654
1123581321 5201314520 5845201314 5841314520 1314520520 5201314123 7758521521 woaini1314 woaini5201314 iloveyou1314
1qaz2wsx3edc 1qazxsw23edc 1q2w3e4r5t q1w2e3r4t5 q1w2e3r4t5y6 qwertyuiop qwertyuiop1 qwerty1234 qwerty12345 qwerty123456
qwert12345 12345qwert 1234qwerasdf asdfghjkl1 asdf123456 zxcvbnm123 abcdefghij abcd123456 abc1234567 abc123456789
a1b2c3d4e5 123456789a 123456789q 123456789z a123456789 q123456789 w123456789 z123456789 qq123456789 aa123456789
123456789abc 147258369a password12 password123 password1234 password12345 passwordpassword passw0rd123 p@ssw0rd123
p@ssword123 mypassword iloveyou12 iloveyou123 letmein123 letmein1234 welcome123 welcome1234 administrator
administrator1 admin12345 admin123456 adminadmin changeme12 changeme123 changeme1234 testtest123 football123
baseball123 basketball sunshine123 princess123 superman123 michael123 wang123456 zhang123456 meiyoumima zhimakaimen
customerservice frontdesk1 frontdesk123
"""
"""Guessed first, of those long enough, in lower case; checked against published lists of the most used, English and
Chinese (github.com/danielmiessler/SecLists, Passwords/Common-Credentials)."""
REFUSED = frozenset(COMMONEST.split())
AT_ONCE = 2
"""Computed at the same time in a process: each takes 64 MiB and all cores for about 50 ms."""
LINE = 16
"""That may wait for a place. A flood of sign-ins is told to come later; it does not fill memory nor all threads."""
WAIT = 5
"""Seconds that those are told who find the line full."""


class Passwords:
    """Hashes and compares. Comparing takes as long for a name that nobody has."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        """hasher: argon2-cffi's default parameters (RFC 9106, low memory) if None."""
        self.hasher = hasher or PasswordHasher()
        self.nobodys = hash_of_nothing(self.hasher)
        self.places = Places(AT_ONCE)

    def hashed(self, password: str) -> str:
        """What is kept of the password: algorithm, parameters, salt and hash."""
        with self.places.one():
            return self.hasher.hash(prepared(password))

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether it is the one. kept: None for a name that nobody has: False, after the same work."""
        with self.places.one():
            try:
                return self.hasher.verify(kept or self.nobodys, prepared(password))
            except (VerificationError, InvalidHashError):
                return False

    def renewed(self, kept: str, password: str) -> str:
        """The hash to keep from now on: a new one if `kept` was made with other parameters. The password is its own."""
        return self.hashed(password) if self.hasher.check_needs_rehash(kept) else kept

    def wait_outside(self) -> None:
        """Raises Throttled if too many wait to be compared already."""
        if len(self.places.line) >= LINE:
            raise Throttled(WAIT)


def checked_password(name: str, password: str) -> str:
    """The password, as it was given. Raises InvalidAccount, which does not repeat it, if it is a weak one."""
    characters = unicodedata.normalize("NFKC", password)
    if not SHORTEST <= len(characters) <= LONGEST:
        raise InvalidAccount(f"The password has {len(characters)} characters; allowed are {SHORTEST} to {LONGEST}.")
    if folded(password) == folded(name):
        raise InvalidAccount("The password is the name. Choose another.")
    if characters.casefold() in REFUSED or len(set(characters)) < FEWEST_CHARACTERS:
        raise InvalidAccount(
            "The password is one of the commonest. Choose another: four words in a row are a good one."
        )
    return password


def prepared(password: str) -> bytes:
    """The bytes to hash: one form for what looks the same on any keyboard (NIST SP 800-63B-3, 5.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode(errors="surrogatepass")


def hash_of_nothing(hasher: PasswordHasher) -> str:
    """A hash with the hasher's parameters that no password is known for; chance stands where the hash would."""
    salt, chance = secrets.token_bytes(hasher.salt_len), secrets.token_bytes(hasher.hash_len)
    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    return f"$argon2id$v=19${cost}${unpadded(salt)}${unpadded(chance)}"


def unpadded(value: bytes) -> str:
    """Base64 as in the PHC string format: without '='."""
    return base64.b64encode(value).decode().rstrip("=")
