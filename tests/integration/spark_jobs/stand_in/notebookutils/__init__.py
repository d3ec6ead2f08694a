"""Stand-in for what the Synapse runtime has to read secrets of a Key Vault."""


class mssparkutils:  # noqa: N801 - the runtime's name
    class credentials:  # noqa: N801 - the runtime's name
        @staticmethod
        def getSecret(key_vault, secret, linked_service):  # noqa: N802 - the runtime's name
            return f"value of {secret} in {key_vault} by {linked_service}"
