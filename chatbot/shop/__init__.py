"""The demo shop's assistant: domain, rules, actions, orders."""
