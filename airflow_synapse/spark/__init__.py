"""A Spark batch that is submitted once, whatever is retried, killed or lost. Pure: no Airflow, Azure or network."""
