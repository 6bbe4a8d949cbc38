/** What the disk under a database is: it decides how dear the server takes a random access to be. */
export enum PostgresStorage {
  /** A solid state disk, or a cloud's block storage. */
  SSD = 'ssd',
  /** A solid state disk on NVMe. */
  NVME = 'nvme',
  /** A rotating disk. */
  HDD = 'hdd',
}
