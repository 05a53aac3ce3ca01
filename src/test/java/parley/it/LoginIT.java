package parley.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import parley.servers.Kind;
import parley.servers.Server;

/** parley.js on a server with a login of its own: Tomcat, whose login has an HTTP session, which ends. */
final class LoginIT {
    private static final String NAME = "with-login";

    /** A login by a form, which may be any page, for all rooms. */
    private static final String LOGIN = """
            <security-constraint>
              <web-resource-collection>
                <web-resource-name>rooms</web-resource-name>
                <url-pattern>/chat/*</url-pattern>
              </web-resource-collection>
              <auth-constraint><role-name>chat</role-name></auth-constraint>
            </security-constraint>
            <security-role><role-name>chat</role-name></security-role>
            <login-config>
              <auth-method>FORM</auth-method>
              <form-login-config>
                <form-login-page>/index.html</form-login-page>
                <form-error-page>/index.html</form-error-page>
              </form-login-config>
            </login-config>
            """;

    @TempDir
    private static Path folder;

    /** The WAR as it was built, and what an operator adds for a login. */
    private static Path warWithLogin() throws IOException {
        Path war = Files.copy(Path.of(ParleyProcess.war()), folder.resolve(NAME + ".war"));
        Path users = folder.resolve("users.xml");
        Files.writeString(
                users, "<tomcat-users><user username=\"ann\" password=\"secret\" roles=\"chat\"/></tomcat-users>");
        try (FileSystem files = FileSystems.newFileSystem(war)) {
            Path descriptor = files.getPath("WEB-INF/web.xml");
            String text = Files.readString(descriptor);
            assertThat(text).contains("</web-app>");
            Files.writeString(descriptor, text.replace("</web-app>", LOGIN + "</web-app>"));
            Files.writeString(
                    Files.createDirectories(files.getPath("META-INF")).resolve("context.xml"),
                    "<Context><Realm className=\"org.apache.catalina.realm.MemoryRealm\" pathname=\"" + users
                            + "\"/></Context>");
            Files.writeString(files.getPath("logout.jsp"), "<% session.invalidate(); %>");
        }
        return war;
    }

    /** parley.js gave up for good after the first close with 1008, which comes whenever the HTTP session ends. */
    @Test
    void aClientWhoseHttpSessionEndsComesBackAfterTheNextLogin() throws Exception {
        Kind kind = Kind.TOMCAT_10_1;
        String ws = NodeIT.ws();
        try (Server tomcat = kind.at(Tool.unpacked(kind))) {
            tomcat.start();
            tomcat.settings("access.mode=principal");
            tomcat.deploy(NAME, warWithLogin());
            String output =
                    NodeIT.node("src/test/js/login.mjs", tomcat.address(NAME).toString(), ws);
            assertThat(output).contains("closed with 1008 when the session ended", "and back after the login");
            System.out.println("parley.js in Node: " + output.strip());
        }
    }
}
