SELECT pg_notify('touchstone_appended', ''), pg_notify('touchstone_changed', '');
