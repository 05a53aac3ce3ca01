# The same WAR on Tomcat, at /. Build the image of Dockerfile first, as 'parley'; then, from the repository's root:
#   docker build -f docker/tomcat.Dockerfile -t parley-tomcat docker
# On Tomcat 10.1: --build-arg SERVER_IMAGE=tomcat:10.1-jre17-temurin
ARG PARLEY_IMAGE=parley
ARG SERVER_IMAGE=tomcat:11.0-jre17-temurin

FROM ${PARLEY_IMAGE} AS parley

FROM ${SERVER_IMAGE}
COPY --from=parley /opt/parley/health /opt/parley/health
COPY --from=parley /opt/parley/parley.war /opt/parley/parley.war
COPY tomcat/server.xml /opt/parley/server.xml

USER 65534:65534
EXPOSE 8080

# JAVA_OPTS is this image's, with it server.xml reads the environment; CATALINA_OPTS is free for yours.
# Without a configuration of Tomcat's own the log goes to standard error, and to no file.
ENV JAVA_OPTS="-XX:MaxRAMPercentage=75 -XX:+ExitOnOutOfMemoryError -XX:-UsePerfData -XX:+ErrorFileToStderr \
-Dorg.apache.tomcat.util.digester.PROPERTY_SOURCE=org.apache.tomcat.util.digester.EnvironmentPropertySource" \
    LOGGING_CONFIG=-Dnop \
    CATALINA_TMPDIR=/tmp
HEALTHCHECK --interval=10s --timeout=4s --start-period=30s --retries=3 CMD ["/opt/parley/health", "/health/live"]

# It runs Java in its own place (exec), which gets the signals so.
ENTRYPOINT ["/usr/local/tomcat/bin/catalina.sh", "run", "-config", "/opt/parley/server.xml"]
