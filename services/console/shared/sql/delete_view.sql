DELETE FROM saved_views WHERE view_id = $1::uuid
