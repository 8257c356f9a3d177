"""Staff accounts: who may work at the console, their sessions, and what each of them did."""
