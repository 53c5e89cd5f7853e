SELECT c.case_id FROM {cases} c WHERE c.case_id = ANY($1)
