import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Random;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;

/**
 * Writes partitions.txt: 1,000 keys and the partitions that Java's producer sends them to. With kafka-clients on the class path:
 *
 *     java -cp 'kafka-clients-4.3.1.jar' GoldenPartitions.java > partitions.txt
 */
public class GoldenPartitions {
  private static final int[] COUNTS = {1, 2, 7, 12, 100, 4096};

  public static void main(String[] args) {
    Random random = new Random(8);
    StringBuilder out = new StringBuilder("# key in base64, its partition of 1, 2, 7, 12, 100 and 4096; written by GoldenPartitions.java\n");
    for (int i = 0; i < 1000; i++) {
      byte[] key = i % 2 == 0 ? text(random, i) : binary(random, i);
      out.append(key.length == 0 ? "-" : Base64.getEncoder().encodeToString(key));
      for (int count : COUNTS) out.append(' ').append(BuiltInPartitioner.partitionForKey(key, count));
      out.append('\n');
    }
    System.out.print(out);
  }

  /** Words of many scripts, with characters of one to four bytes. */
  private static byte[] text(Random random, int i) {
    int[][] ranges = {{0x20, 0x7e}, {0xa1, 0x17f}, {0x370, 0x3ff}, {0x5d0, 0x5ea}, {0x4e00, 0x9fa5}, {0x1f300, 0x1f64f}};
    StringBuilder text = new StringBuilder();
    for (int length = i % 40; length > 0; length--) {
      int[] range = ranges[random.nextInt(ranges.length)];
      text.appendCodePoint(range[0] + random.nextInt(range[1] - range[0] + 1));
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] binary(Random random, int i) {
    byte[] key = new byte[i % 70];
    random.nextBytes(key);
    return key;
  }
}
