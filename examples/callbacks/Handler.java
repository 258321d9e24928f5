// Takes callbacks, with nothing but what Java brings: `java Handler.java PORT`.

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

class Handler {
  static final String SECRET = System.getenv("RUNFLOW_CALLBACK_SECRET");
  static final boolean IS_DATED = !"bare".equals(System.getenv("RUNFLOW_SIGNATURE"));
  static final long TOLERANCE_SECONDS = 300;
  static final Set<String> seen = ConcurrentHashMap.newKeySet();

  static boolean isFresh(String stamp) {
    boolean isNumber = stamp != null && stamp.matches("\\d{1,18}");
    return isNumber && Math.abs(Instant.now().getEpochSecond() - Long.parseLong(stamp)) <= TOLERANCE_SECONDS;
  }

  static boolean isGenuine(String stamp, String signature, byte[] body) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(SECRET.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
    if (IS_DATED) mac.update((stamp + ".").getBytes(StandardCharsets.UTF_8));
    String expected = (IS_DATED ? "v1=" : "") + HexFormat.of().formatHex(mac.doFinal(body));
    byte[] given = (signature == null ? "" : signature).getBytes(StandardCharsets.UTF_8);
    if (!MessageDigest.isEqual(expected.getBytes(StandardCharsets.UTF_8), given)) return false;
    return !IS_DATED || isFresh(stamp);
  }

  static int take(HttpExchange exchange) throws Exception {
    byte[] body = exchange.getRequestBody().readAllBytes();
    if (!exchange.getRequestMethod().equals("POST")) return 405;
    var headers = exchange.getRequestHeaders();
    if (!isGenuine(headers.getFirst("Runflow-Timestamp"), headers.getFirst("Runflow-Signature"), body)) return 401;
    String id = headers.getFirst("Runflow-Request-Id");
    String delivery = id == null ? "" : id.replaceFirst("-\\d+$", "");
    if (delivery.isEmpty()) return 400;
    // Java brings nothing that reads JSON: your library takes the bytes from here.
    if (seen.add(delivery)) System.out.println(new String(body, StandardCharsets.UTF_8));
    return 204;
  }

  public static void main(String[] given) throws Exception {
    if (SECRET == null || SECRET.isEmpty()) throw new IllegalStateException("RUNFLOW_CALLBACK_SECRET is not set: anybody could sign");
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", Integer.parseInt(given[0])), 0);
    server.createContext("/", exchange -> {
      int status = 500;
      try {
        status = take(exchange);
      } catch (Exception failed) {
        failed.printStackTrace();
      }
      exchange.sendResponseHeaders(status, -1);
      exchange.close();
    });
    // On one thread, whoever opens a connection and says nothing keeps all others waiting.
    server.setExecutor(Executors.newCachedThreadPool());
    server.start();
  }
}
