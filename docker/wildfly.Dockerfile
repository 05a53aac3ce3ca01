# The same WAR on WildFly, at /, in the place of WildFly's own page. Build the image of Dockerfile first, as 'parley'; then:
#   docker build -f docker/wildfly.Dockerfile -t parley-wildfly docker
ARG PARLEY_IMAGE=parley
ARG SERVER_IMAGE=quay.io/wildfly/wildfly:39.0.1.Final-jdk17

FROM ${PARLEY_IMAGE} AS parley

FROM ${SERVER_IMAGE}
COPY --from=parley /opt/parley/health /opt/parley/health
COPY --from=parley /opt/parley/parley.war /opt/jboss/wildfly/standalone/deployments/ROOT.war

# The image's own, whose files WildFly writes: configuration, data, deployments, log, tmp below standalone.
USER jboss
EXPOSE 8080

# With the first, standalone.sh passes a SIGTERM on to Java.
ENV LAUNCH_JBOSS_IN_BACKGROUND=true \
    JBOSS_JAVA_SIZING="-XX:MaxRAMPercentage=75 -XX:MaxMetaspaceSize=256m -XX:+ExitOnOutOfMemoryError -XX:+ErrorFileToStderr" \
    PARLEY_LISTEN_HOST=0.0.0.0 \
    PARLEY_LISTEN_PORT=8080
HEALTHCHECK --interval=10s --timeout=4s --start-period=60s --retries=3 CMD ["/opt/parley/health", "/health/live"]

# What is added to 'docker run' goes to WildFly.
ENTRYPOINT ["bash", "-c", "exec /opt/jboss/wildfly/bin/standalone.sh -Djboss.bind.address=$PARLEY_LISTEN_HOST -Djboss.http.port=$PARLEY_LISTEN_PORT \"$@\"", "wildfly"]
