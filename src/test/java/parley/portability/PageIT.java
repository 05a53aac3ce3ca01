package parley.portability;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a browser is given. */
class PageIT extends Portability {
    @Test
    void thePageIsServedUnderTheContextPathWithItsContentSecurityPolicy() throws Exception {
        HttpResponse<String> page = get("/parley/");

        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).contains("<title>Parley");
        assertThat(page.headers().firstValue("Content-Type")).get().asString().startsWith("text/html");
        assertThat(page.headers().firstValue("Content-Security-Policy"))
                .get()
                .asString()
                .contains("default-src 'none'", "frame-ancestors 'none'");
        assertThat(page.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
    }

    @Test
    void theClientLibraryIsBesideThePage() throws Exception {
        HttpResponse<String> library = get("/parley/parley.js");
        assertThat(library.statusCode()).isEqualTo(200);
        assertThat(library.headers().firstValue("Content-Type"))
                .get()
                .asString()
                .startsWith("text/javascript");
        assertThat(library.body()).isEqualTo(Files.readString(Path.of("webapp/parley.js")));
        assertThat(library.headers().allValues("Vary"))
                .anySatisfy(vary -> assertThat(vary).contains("Origin"));
        assertThat(library.headers().firstValue("Access-Control-Allow-Origin")).isEmpty();
        assertThat(get("/parley/parley.d.ts").body()).contains("export function connect");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/parley/org/springframework/boot/loader/launch/WarLauncher.class",
                "/parley//org/springframework/boot/loader/launch/WarLauncher.class",
                "/parley/./org/springframework/boot/loader/launch/WarLauncher.class",
                "/parley/%6Frg/springframework/boot/loader/launch/WarLauncher.class",
                "/parley/org;x=y/springframework/boot/loader/launch/WarLauncher.class",
                "/parley/WEB-INF/web.xml",
                "/parley/WEB-INF/classes/parley/app/Parley.class",
                "/parley/META-INF/MANIFEST.MF"
            })
    void whatTheWarConsistsOfCannotBeDownloaded(String path) throws Exception {
        // 400: some servers take no path that can be read in two ways. 401 from GlassFish for a path that it had to
        // tidy up,
        // although nobody could log in; a redirect has been followed.
        assertThat(get(path).statusCode()).isIn(400, 401, 403, 404);
    }
}
