-- How many events were ever let in. A topic may hold more records: copies that a crash left.
SELECT count(*) FROM admissions;
