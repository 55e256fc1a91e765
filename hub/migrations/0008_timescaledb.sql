-- The only place that knows TimescaleDB. Afterwards every relation has the same name and columns in all three modes:
-- plain PostgreSQL, TimescaleDB Apache edition (hypertables), TimescaleDB community edition (and columnstore, continuous
-- aggregate). Retention is the hub's own job in every mode.

DO $migration$
DECLARE
  timescale boolean := EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb');
  community boolean := timescale AND current_setting('timescaledb.license', true) = 'timescale';
  wide record;
BEGIN
  IF timescale THEN
    FOR wide IN
      SELECT * FROM (VALUES
        ('telemetry', 'time', 'series_id'), ('telemetry_text', 'time', 'series_id'),
        ('raw_frame', 'rx', 'device_id'), ('vessel_position', 'time', 'mmsi'),
        ('telemetry_5m_data', 'bucket', 'series_id')) AS t(name, column_name, segment)
    LOOP
      CONTINUE WHEN community AND wide.name = 'telemetry_5m_data'; -- dropped below
      EXECUTE format('ALTER TABLE %I RENAME TO %I', wide.name, wide.name || '_partitioned');
      EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', wide.name, wide.name || '_partitioned');
      EXECUTE format('COMMENT ON TABLE %I IS %L', wide.name,
        obj_description(format('%I', wide.name || '_partitioned')::regclass, 'pg_class'));
      EXECUTE format('DROP TABLE %I', wide.name || '_partitioned');
      PERFORM create_hypertable(wide.name::regclass, wide.column_name::name,
        chunk_time_interval => interval '1 day', create_default_indexes => false);
      IF community THEN
        EXECUTE format('ALTER TABLE %I SET (timescaledb.compress, timescaledb.compress_segmentby = %L, timescaledb.compress_orderby = %L)',
          wide.name, wide.segment, wide.column_name || ' DESC');
        PERFORM add_compression_policy(wide.name::regclass, interval '3 days');
      END IF;
    END LOOP;
  ELSE
    -- the same origin as TimescaleDB's time_bucket, a Monday
    CREATE FUNCTION time_bucket(width interval, ts timestamptz) RETURNS timestamptz
      LANGUAGE sql IMMUTABLE PARALLEL SAFE STRICT
      AS $$ SELECT date_bin(width, ts, timestamptz '2000-01-03 00:00:00+00') $$;
  END IF;

  IF community THEN
    DROP TABLE telemetry_5m_data, rollup_dirty, rollup_work;
    EXECUTE $sql$
      CREATE MATERIALIZED VIEW telemetry_5m WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
      SELECT series_id, time_bucket(interval '5 minutes', time) AS bucket,
             count(value)::integer AS n, sum(value) AS sum, min(value) AS min, max(value) AS max
      FROM telemetry GROUP BY 1, 2 WITH NO DATA
    $sql$;
    PERFORM add_continuous_aggregate_policy('telemetry_5m', start_offset => NULL,
      end_offset => interval '10 minutes', schedule_interval => interval '5 minutes');
  ELSE
    -- Right at every moment: buckets with readings that are not rolled up yet are counted from the readings.
    CREATE VIEW telemetry_5m AS
      WITH open AS MATERIALIZED (SELECT bucket FROM rollup_dirty UNION SELECT bucket FROM rollup_work)
      SELECT series_id, bucket, n, sum, min, max FROM telemetry_5m_data d
      WHERE NOT EXISTS (SELECT FROM open WHERE open.bucket = d.bucket)
      UNION ALL
      SELECT t.series_id, open.bucket, count(t.value)::integer, sum(t.value), min(t.value), max(t.value)
      FROM open JOIN telemetry t ON t.time >= open.bucket AND t.time < open.bucket + interval '5 minutes'
      GROUP BY t.series_id, open.bucket;
  END IF;
  COMMENT ON VIEW telemetry_5m IS
    'Count, sum, least and greatest value of each series by 5 minutes; current, the newest bucket included.';
END
$migration$;
