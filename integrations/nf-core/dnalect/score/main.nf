process DNALECT_SCORE {
    tag "$meta.id $shard/$shards"
    label 'process_medium'

    conda "${moduleDir}/../environment.yml"
    container "dnalect:0.2.0"

    input:
    tuple val(meta), path(variants), path(index)
    tuple val(meta2), path(reference)
    val shard
    val shards

    output:
    tuple val(meta), path("${prefix}.part"), emit: part
    path "versions.yml"                    , emit: versions

    when:
    task.ext.when == null || task.ext.when

    script:
    def args = task.ext.args ?: ''
    prefix = task.ext.prefix ?: "${meta.id}.vcf.gz"
    """
    dnalect score \\
        $reference \\
        $variants \\
        --output $prefix \\
        --threads $task.cpus \\
        --shard $shard/$shards \\
        $args

    cat <<-END_VERSIONS > versions.yml
    "${task.process}":
        dnalect: \$(dnalect --version | sed 's/^.* //')
    END_VERSIONS
    """

    stub:
    prefix = task.ext.prefix ?: "${meta.id}.vcf.gz"
    """
    mkdir ${prefix}.part
    echo '"${task.process}": {dnalect: stub}' > versions.yml
    """
}
