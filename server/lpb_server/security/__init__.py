"""Who may reach a server: keys, allow lists and the ZAP authenticator."""

__all__: list[str] = []
