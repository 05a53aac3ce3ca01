package parley.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import parley.http.Router;

/** The manifests of Kubernetes say what Parley understands: settings, ports, paths, and enough time to stop. */
class KubernetesTest {
    /** The process ends later than its connections, and with rooms elsewhere up to this much. */
    private static final Duration TO_END = Duration.ofSeconds(12);

    private static final String FOLDER = "docker/kubernetes/";

    private record Manifest(List<Map<String, Object>> objects) {
        static Manifest read(String file) throws IOException {
            List<Map<String, Object>> objects = new ArrayList<>();
            try (Reader in = Files.newBufferedReader(Path.of(FOLDER + file))) {
                for (Object each : new Yaml(new SafeConstructor(new LoaderOptions())).loadAll(in)) {
                    objects.add(map(each));
                }
            }
            return new Manifest(objects);
        }

        Map<String, Object> one(String kind) {
            return objects.stream()
                    .filter(each -> each.get("kind").equals(kind)
                            && at(each, "metadata", "name").equals("parley"))
                    .findFirst()
                    .orElseThrow();
        }

        Map<String, Object> pod() {
            return map(at(one("Deployment"), "spec", "template", "spec"));
        }

        Map<String, Object> container() {
            return map(list(pod().get("containers")).get(0));
        }

        /** What the container has in its environment. Values of secrets are 'secret'. */
        Map<String, String> environment() {
            Map<String, String> all = new HashMap<>();
            map(one("ConfigMap").get("data")).forEach((name, value) -> all.put(name, (String) value));
            for (Object each : list(container().getOrDefault("env", List.of()))) {
                all.put((String) map(each).get("name"), (String) map(each).getOrDefault("value", "secret"));
            }
            all.put("PARLEY_LISTEN_HOST", "0.0.0.0"); // the image's
            return all;
        }

        Settings settings() {
            return new SettingsSources(environment(), new Properties()).load();
        }

        int port(Object name) {
            return list(container().get("ports")).stream()
                    .map(KubernetesTest::map)
                    .filter(port -> port.get("name").equals(name))
                    .map(port -> (Integer) port.get("containerPort"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object value) {
        return (Map<String, Object>) value;
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object value) {
        return (List<Object>) value;
    }

    private static Object at(Map<String, Object> from, String... path) {
        Object here = from;
        for (String name : path) {
            here = map(here).get(name);
        }
        return here;
    }

    @ParameterizedTest
    @ValueSource(strings = {"parley.yaml", "cluster.yaml"})
    void settingsAreParleysAndPortsAreThoseThatItListensOn(String file) throws Exception {
        Manifest manifest = Manifest.read(file);
        Settings settings = manifest.settings(); // refuses what is none
        assertThat(manifest.port("http")).isEqualTo(settings.port());
        assertThat(manifest.port("status")).isEqualTo(settings.statusPort());
        assertThat(at(manifest.one("Deployment"), "spec", "template", "metadata", "annotations", "prometheus.io/port"))
                .isEqualTo(String.valueOf(settings.statusPort()));
        assertThat(settings.cluster() != null).isEqualTo(file.equals("cluster.yaml"));
        // With the setting, its metrics are for this pod alone, and Prometheus is another.
        assertThat(settings.statusFor()).isEqualTo(StatusFor.EVERYONE);
        Map<String, Object> service =
                map(list(at(manifest.one("Service"), "spec", "ports")).get(0));
        assertThat(service.get("targetPort")).isEqualTo("http");
    }

    @ParameterizedTest
    @ValueSource(strings = {"parley.yaml", "cluster.yaml"})
    void probesAskForWhatThereIs(String file) throws Exception {
        Manifest manifest = Manifest.read(file);
        Parley parley = new Parley(new SettingsSources(Map.of(), new Properties()).load());
        try {
            Router routes = parley.statusRoutes();
            for (String probe : List.of("startupProbe", "livenessProbe", "readinessProbe")) {
                Map<String, Object> asked = map(at(manifest.container(), probe, "httpGet"));
                assertThat(asked.get("port")).as(probe).isEqualTo("status");
                assertThat(routes.has((String) asked.get("path"))).as(probe).isTrue();
            }
        } finally {
            parley.stop();
        }
        assertThat(at(manifest.container(), "readinessProbe", "httpGet", "path"))
                .isEqualTo("/health/ready");
    }

    @ParameterizedTest
    @ValueSource(strings = {"parley.yaml", "cluster.yaml"})
    void aStopIsNoticedAndHasItsTime(String file) throws Exception {
        Manifest manifest = Manifest.read(file);
        Settings settings = manifest.settings();
        Duration stop = settings.notice()
                .plus(settings.flush())
                .plus(settings.drain())
                .plus(settings.grace())
                .plus(TO_END);
        assertThat(Duration.ofSeconds((Integer) manifest.pod().get("terminationGracePeriodSeconds")))
                .isGreaterThanOrEqualTo(stop);
        Map<String, Object> ready = map(manifest.container().get("readinessProbe"));
        int noticed = (Integer) ready.get("periodSeconds") * (Integer) ready.get("failureThreshold");
        assertThat(settings.notice()).isGreaterThan(Duration.ofSeconds(noticed));
    }

    @Test
    void natsPermitsWhatItPermitsInTheOtherCluster() throws Exception {
        Map<String, Object> nats = Manifest.read("cluster.yaml").objects.stream()
                .filter(each -> each.get("kind").equals("ConfigMap")
                        && at(each, "metadata", "name").equals("nats"))
                .findFirst()
                .orElseThrow();
        Set<String> subjects = subjects((String) at(nats, "data", "nats.conf"));
        assertThat(subjects)
                .contains("parley.>")
                .isEqualTo(subjects(Files.readString(Path.of("docker/cluster/nats.conf"))));
    }

    private static Set<String> subjects(String configuration) {
        return Pattern.compile("\"([^\"]+)\"")
                .matcher(configuration)
                .results()
                .map(quoted -> quoted.group(1))
                .collect(Collectors.toSet());
    }

    @ParameterizedTest
    @ValueSource(strings = {"parley.yaml", "cluster.yaml"})
    void selectorsFindTheirPods(String file) throws Exception {
        for (Map<String, Object> each : Manifest.read(file).objects) {
            Object selector = each.get("kind").equals("Service") ? at(each, "spec", "selector") : null;
            if (each.containsKey("spec") && map(each.get("spec")).get("selector") != null && selector == null) {
                selector = at(each, "spec", "selector", "matchLabels");
            }
            if (selector != null) {
                assertThat(selector).isEqualTo(Map.of("app", at(each, "metadata", "name")));
            }
            if (each.containsKey("spec") && map(each.get("spec")).containsKey("template")) {
                assertThat(at(each, "spec", "template", "metadata", "labels")).isEqualTo(selector);
            }
        }
    }
}
