import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.SchemaNormalization;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StoreQueryParameters;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.QueryableStoreTypes;
import org.apache.kafka.streams.state.ReadOnlyKeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * The fold in Kafka Streams: Avro generic records, a RocksDB store with its changelog topic, one
 * stream thread, at least once; all else as it comes.
 *
 * <p>Told and answering as every contestant: a task, then a result, one line of JSON each. The
 * property `schemas` names the folder of the published schemas.
 */
public final class StreamsSums {
    private static final int MARKER_BYTES = 2;
    private static final int HEADER_BYTES = 10;
    private static final long LOOK_AGAIN_MS = 5;

    /** How many events a customer has, and the sum of their amounts. */
    private record Sum(long events, long amount) {
        Sum plus(long more) {
            return new Sum(events + 1, amount + more);
        }

        static Serde<Sum> serde() {
            return Serdes.serdeFrom(
                (topic, sum) -> sum == null ? null
                    : ByteBuffer.allocate(16).putLong(sum.events).putLong(sum.amount).array(),
                (topic, bytes) -> {
                    if (bytes == null) {
                        return null;
                    }
                    ByteBuffer buffer = ByteBuffer.wrap(bytes);
                    return new Sum(buffer.getLong(), buffer.getLong());
                });
        }
    }

    /** Reads amounts out of events, each decoded whole under the schema that wrote it. */
    private static final class Amounts {
        private final Map<Long, GenericDatumReader<GenericRecord>> readers = new HashMap<>();
        private BinaryDecoder decoder;

        Amounts(Path schemas) throws IOException {
            try (Stream<Path> files = Files.walk(schemas)) {
                for (Path file : files.filter(one -> one.toString().endsWith(".avsc")).toList()) {
                    Schema schema = new Schema.Parser().parse(Files.readString(file));
                    long fingerprint = SchemaNormalization.parsingFingerprint64(schema);
                    readers.put(fingerprint, new GenericDatumReader<>(schema));
                }
            }
        }

        long of(byte[] payload) {
            long fingerprint = ByteBuffer.wrap(payload)
                .order(ByteOrder.LITTLE_ENDIAN).getLong(MARKER_BYTES);
            decoder = DecoderFactory.get().binaryDecoder(
                payload, HEADER_BYTES, payload.length - HEADER_BYTES, decoder);
            try {
                GenericRecord event = readers.get(fingerprint).read(null, decoder);
                return (Long) ((GenericRecord) event.get("amount")).get("minor");
            } catch (IOException error) {
                throw new IllegalStateException(error);
            }
        }
    }

    /** Measures from the sight of `warmUp` events to the end, as task.py's does. */
    private static final class Stopwatch {
        private final int warmUp;
        private final int events;
        private final CountDownLatch all = new CountDownLatch(1);
        private int seen;
        private int from;
        private long beganNs = System.nanoTime();
        private long beganCpuNs = cpuNs();

        Stopwatch(int warmUp, int events) {
            this.warmUp = warmUp;
            this.events = events;
        }

        /** Take note of one more event; one thread does. */
        void saw() {
            seen++;
            if (seen == warmUp) {
                from = seen;
                beganNs = System.nanoTime();
                beganCpuNs = cpuNs();
            }
            if (seen == events) {
                all.countDown();
            }
        }

        static long cpuNs() {
            return ((com.sun.management.OperatingSystemMXBean)
                ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
        }

        Map<String, Object> result(String digest) {
            return Map.of(
                "events", events - from,
                "began_at", beganNs / 1e9, // of the same clock as others
                "seconds", (System.nanoTime() - beganNs) / 1e9,
                "cpu_s", (cpuNs() - beganCpuNs) / 1e9,
                "digest", digest);
        }
    }

    public static void main(String[] words) throws Exception {
        ObjectMapper json = new ObjectMapper();
        JsonNode task = json.readTree(words[0]);
        String prefix = task.get("prefix").asText();
        int events = task.get("events").asInt();
        Stopwatch watch = new Stopwatch(task.get("warm_up").asInt(), events);
        Amounts amounts = new Amounts(Path.of(System.getProperty("schemas")));

        StreamsBuilder builder = new StreamsBuilder();
        builder
            .stream(prefix + "touchpoints.g1",
                Consumed.with(Serdes.String(), Serdes.ByteArray()))
            .mapValues(amounts::of)
            .groupByKey(Grouped.with(Serdes.String(), Serdes.Long()))
            .aggregate(
                () -> new Sum(0, 0),
                (customer, amount, sum) -> {
                    watch.saw();
                    return sum.plus(amount);
                },
                Materialized.<String, Sum>as(Stores.persistentKeyValueStore("sums"))
                    .withKeySerde(Serdes.String())
                    .withValueSerde(Sum.serde()));

        Properties settings = new Properties();
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG,
            prefix + "kafka-streams-" + task.get("run").asInt());
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, task.get("servers").asText());
        settings.put(StreamsConfig.STATE_DIR_CONFIG, task.get("folder").asText());
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
        try (KafkaStreams streams = new KafkaStreams(builder.build(), settings)) {
            streams.setUncaughtExceptionHandler(error -> {
                error.printStackTrace();
                Runtime.getRuntime().halt(1); // there will be no result
                return null;
            });
            streams.start();
            watch.all.await();
            Map<String, Sum> sums = sums(streams, events);
            streams.close(); // commits, as ours have by then
            Map<String, Object> result = watch.result(digest(sums));
            System.out.println(json.writeValueAsString(result));
        }
    }

    /** Return what the store holds once the last event is in it. */
    private static Map<String, Sum> sums(KafkaStreams streams, int events) throws Exception {
        ReadOnlyKeyValueStore<String, Sum> store = streams.store(
            StoreQueryParameters.fromNameAndType("sums", QueryableStoreTypes.keyValueStore()));
        while (true) {
            Map<String, Sum> sums = new HashMap<>();
            try (KeyValueIterator<String, Sum> all = store.all()) {
                all.forEachRemaining(one -> sums.put(one.key, one.value));
            }
            if (sums.values().stream().mapToLong(Sum::events).sum() >= events) {
                return sums;
            }
            Thread.sleep(LOOK_AGAIN_MS);
        }
    }

    /** Return what task.py's digest_of returns. */
    private static String digest(Map<String, Sum> sums) throws Exception {
        List<String> lines = new TreeMap<>(sums).entrySet().stream()
            .map(one -> one.getKey() + " " + one.getValue().events + " " + one.getValue().amount)
            .toList();
        byte[] text = String.join("\n", lines).getBytes(StandardCharsets.UTF_8);
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
    }
}
