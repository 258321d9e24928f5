// Orders one photo without its background, waits for it, and ends with exit code 0 if it came. The JDK alone is used, which reads no JSON.

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Set;
import java.util.UUID;

public class Order {
    static final HttpClient CLIENT = HttpClient.newHttpClient();
    static final Set<Integer> PASSES = Set.of(408, 429, 500, 502, 503, 504);
    static final Set<String> GOOD = Set.of("succeeded", "partial_succeeded"), BAD = Set.of("failed", "cancelled", "canceled");

    record Run(String id, String status) {}

    public static void main(String[] arguments) throws InterruptedException {
        String order = "{\"input\": {\"image_url\": \"https://cdn.example.com/shoe.jpg\"}}";
        Run run = call("POST", "/v1/models/runflow/background-removal/runs", UUID.randomUUID().toString(), BodyPublishers.ofString(order));
        while (!GOOD.contains(run.status()) && !BAD.contains(run.status())) {
            Thread.sleep(1000);
            run = call("GET", "/v1/runs/" + run.id(), null, BodyPublishers.noBody());
        }
        System.exit(GOOD.contains(run.status()) ? 0 : 1);
    }

    static Run call(String method, String path, String key, HttpRequest.BodyPublisher body) throws InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(System.getenv("RUNFLOW_BASE_URL") + path))
            .timeout(Duration.ofSeconds(20))
            .header("Authorization", "Bearer " + System.getenv("RUNFLOW_API_KEY"))
            .method(method, body);
        if (key != null) request.header("Idempotency-Key", key).header("Content-Type", "application/json");
        for (int attempt = 0; attempt < 4; attempt++) {
            double seconds = 1 << attempt;
            try {
                HttpResponse<String> answer = CLIENT.send(request.build(), BodyHandlers.ofString());
                if (answer.statusCode() < 300 && field(answer.body(), "id") != null && field(answer.body(), "status_code") != null)
                    return new Run(field(answer.body(), "id"), field(answer.body(), "status_code"));
                if (answer.statusCode() >= 400 && !PASSES.contains(answer.statusCode())) break;
                seconds = answer.headers().firstValue("Retry-After").map(Double::parseDouble).orElse(seconds);
            } catch (IOException lost) {
                System.out.println(lost);
            }
            if (attempt < 3) Thread.sleep((long) (seconds * 1000));
        }
        System.out.println("refused, or too many failures");
        System.exit(1);
        return null;
    }

    /** The text of a field of an object, of the outermost one alone; nothing where the object does not end. */
    static String field(String json, String name) {
        int depth = 0;
        String text = null, last = null, found = null;
        for (int at = 0; at < json.length(); at++) {
            char letter = json.charAt(at);
            if (letter == '"') {
                int end = at + 1;
                while (end < json.length() && json.charAt(end) != '"') end += json.charAt(end) == '\\' ? 2 : 1;
                if (end >= json.length()) return null;
                text = json.substring(at + 1, end);
                if (depth == 1 && name.equals(last)) found = text;
                at = end;
            }
            if (depth == 1 && letter != '"' && !Character.isWhitespace(letter)) last = letter == ':' ? text : null;
            if (letter == '{' || letter == '[') depth++;
            if (letter == '}' || letter == ']') depth--;
        }
        return depth == 0 ? found : null;
    }
}
