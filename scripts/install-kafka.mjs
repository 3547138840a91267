// node scripts/install-kafka.mjs
//
// Puts the jars of an Apache Kafka broker into .iu/kafka/VERSION, so that the tests of the kafka target run against a real
// one (test/support/kafka.ts). Needs Maven and a JDK of 17 or newer; does nothing when the jars are there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const version = '4.3.1';
const home = join(dirname(dirname(fileURLToPath(import.meta.url))), '.iu/kafka');
const folder = join(home, version);
if (existsSync(folder)) process.exit(0);

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>iu-core</groupId><artifactId>kafka-for-tests</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${version}</version></dependency>
  </dependencies>
</project>
`;

process.stderr.write(`Installing Apache Kafka ${version} into ${folder} ...\n`);
mkdirSync(home, { recursive: true });
const work = mkdtempSync(join(home, 'install-'));
try {
  writeFileSync(join(work, 'pom.xml'), pom);
  const jars = join(work, 'jars');
  const options = ['-q', '-B', '-f', join(work, 'pom.xml'), '-DincludeScope=runtime', `-DoutputDirectory=${jars}`];
  const result = spawnSync('mvn', [...options, 'dependency:copy-dependencies'], { stdio: ['ignore', 2, 2] });
  if (result.error) process.stderr.write(`mvn: ${result.error.message}\n`);
  const isComplete = result.status === 0 && readdirSync(jars).includes(`kafka_2.13-${version}.jar`);
  // Renamed at the end, so that a broken download is not taken for an installation.
  if (isComplete) renameSync(jars, folder);
  process.exitCode = isComplete ? 0 : 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
