"""The names that the connector's documents use. Their values are not documented."""  # noqa: N999 - its name


class Constants:
    SERVER = "spark.synapse.server"
    USER = "spark.synapse.user"
    PASSWORD = "spark.synapse.password"
    DATA_SOURCE = "spark.synapse.data_source"
    TEMP_FOLDER = "spark.synapse.temp_folder"
    STAGING_STORAGE_ACCOUNT_KEY = "spark.synapse.staging_key"
    INTERNAL = "internal table"
    EXTERNAL = "external table"
