export { type Answer, openRedisConnection, type RedisConnection } from './redis-connection.ts';
