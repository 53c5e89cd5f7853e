-- How far each partition was looked at for what opens cases.
SELECT partition, generation, n FROM opening_places ORDER BY partition;
