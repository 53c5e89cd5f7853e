SELECT count(*) FROM (SELECT 1 FROM {alerts} AS alerts WHERE {conditions} LIMIT {limit}) AS found
